"""The dataflow model: units with schedules, channels with depths, and their exact execution."""
