"""Where connections come in and are sent away: uvicorn, and what of it is ours."""
