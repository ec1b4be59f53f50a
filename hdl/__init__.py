"""The circuit library: components with stream ports, their schedules and costs."""
