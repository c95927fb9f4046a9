"""How good the recommendations are: measures, protocols, baselines. Knows data, not Dagster."""
