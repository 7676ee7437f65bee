"""Pages of administration: the city, its offices, their people and devices. Complete without JavaScript."""
