"""Mirror to platform: what the platform is told."""
