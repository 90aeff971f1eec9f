// The clients that `tests/clients/install` installs, and how to start them.

import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** A client written for Node. */
export const node = (program) => [process.execPath, path(`../programs/${program}`)];

/** A client written in Python. */
export const python = (program) => [path("../../../target/clients/python/bin/python"), path(`../programs/${program}`)];

/** A client written in Rust. */
export const rust = (package_) => [path(`../../../target/clients/${package_}/debug/${package_}-client`)];
