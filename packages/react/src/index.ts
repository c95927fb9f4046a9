'use client';
export { formatPrice, Recommendations, safeUrl, type RecommendationsProps } from './component.js';
export { useRecommendations, type BlockProps, type CardProps, type Status, type UsedRecommendations } from './hook.js';
