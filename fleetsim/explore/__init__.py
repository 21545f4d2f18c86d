"""The what-if page: a scenario whose limits, devices, platform and tariff are turned by hand; see docs/explore.md."""
