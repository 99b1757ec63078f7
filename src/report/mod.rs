//! Figures, made readable: the digest as text, HTML, charts and CSV. Pure: same figures, same bytes.

pub mod chart;
pub mod colour;
