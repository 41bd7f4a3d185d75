"""The directory of instances, and the record of which are active."""
