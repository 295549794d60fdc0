"""The teacher's page of a class: what is set, what the class has drawn, and how the machine is."""
