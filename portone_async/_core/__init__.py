"""The life of a call: admission, attempts, retries and the token."""
