"""What every part uses: devices, fingerprints, progress, arrays and the base of settings."""
