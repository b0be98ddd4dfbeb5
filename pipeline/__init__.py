"""From a configuration to a sealed run: plan, collect, judge, assess. Each step is a module; `run` ties them."""
