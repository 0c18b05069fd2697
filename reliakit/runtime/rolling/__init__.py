"""Rolling replacement as workers do it together: one decides, all stop sending requests to what is replaced."""
