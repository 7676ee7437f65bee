"""What an administrator configures: offices, services, desks, opening hours, privileges. Knows nothing of tickets."""
