mod files;
mod for_settings;
mod openapi;
