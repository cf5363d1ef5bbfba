//! Plans of real servers are read, and their arithmetic holds.
