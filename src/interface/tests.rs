//! The description under settings, its generator, and how the files of the page are sent.

mod files;
mod for_settings;
mod openapi;
