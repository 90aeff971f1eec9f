// Every suite has a time limit: a hanging test fails, and the processes that it started are ended.

/** Milliseconds for a whole suite. On an idle machine a suite takes a few seconds. */
export const BOUNDED = { timeout: 180_000 };
