"""Small trainings that run in front of a class, most in a process of their own."""
