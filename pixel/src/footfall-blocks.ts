/** Loaded where a page has a block to fill, or on `footfall('recommend', ...)`. */
// which product the page is about
import './footfall-extra.js';
import { blocks, recommend } from './blocks/recommend';
import { core } from './extra/core';

core.recommend_ = recommend;
core.blocks_ = blocks;
blocks();
