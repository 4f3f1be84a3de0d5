"""The audit of the report's claims."""
