/** The lazy file: what the page and what the visitor does in it mean to a shop. */
import { clicked, submitted } from './extra/cart';
import { core } from './extra/core';
import { picked } from './extra/options';
import { product } from './extra/product';
import { tell } from './extra/tell';
import type { Hand } from './types';

core.product_ = product;
core.viewed_.push(tell);
([clicked, submitted, picked] as Array<(...hand: Hand) => void>).forEach(core.take_);
tell();
