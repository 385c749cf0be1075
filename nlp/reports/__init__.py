"""What supervision looks at by day, week and month: pure cores over observations; doors draw and deliver them."""
