"""The names of the two lanes' jobs, for those who name them without loading the asset graph."""

FAST_LANE = "fast_lane"
FULL_PIPELINE = "full_pipeline"
