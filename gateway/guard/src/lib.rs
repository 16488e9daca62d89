//! Detectors and text features: text in, findings and scores out. Pure.
