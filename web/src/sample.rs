//! Every view, empty, full and hostile.
