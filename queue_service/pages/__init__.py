"""What people see in a browser: templates, translations and one small package of handlers per audience."""
