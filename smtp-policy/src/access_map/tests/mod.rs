mod layer;
mod lookups;
