//! Numbers: exact sizes, traced formulas, bytes and how they are written.
