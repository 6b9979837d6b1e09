"""What machines can check of the templates: `make check` runs it, and nothing else imports it."""
