/** The lazy file. */
import type { FootfallWindow } from './core/types';
import { blocks, recommend } from './extra/recommend';

(window as unknown as FootfallWindow).footfall?.$?.ready({ recommend, blocks });
