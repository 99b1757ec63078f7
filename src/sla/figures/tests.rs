//! Figures by example.
