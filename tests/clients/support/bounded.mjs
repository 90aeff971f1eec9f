// No suite waits for ever: what hangs fails, and what was started is ended all the same.

/** Milliseconds for a whole suite; a few seconds are enough where nothing else runs. */
export const BOUNDED = { timeout: 180_000 };
