"""Settings of the Superset that `make check-superset` starts: for one check, no telemetry."""

import os

SECRET_KEY = os.environ["FOOTFALL_SUPERSET_SECRET"]
SQLALCHEMY_DATABASE_URI = f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db"

# All charts of a tab are drawn at once, not only those in sight.
FEATURE_FLAGS = {"DASHBOARD_VIRTUALIZATION": False}

# The pages hold a counting pixel of another company and may load maps and fonts from others. Here
# the browser may ask nobody but this server.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
