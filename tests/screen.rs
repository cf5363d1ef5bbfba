//! The screen, driven by keys, as snapshots.
