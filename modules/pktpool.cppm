// pktpool: packet memory for protocol stacks. Read the partitions in this order: each imports only
// what stands above it.
export module pktpool;

export import :error;
export import :checkers;
export import :source;
export import :buckets;
export import :room;
export import :compose;
export import :waste;
export import :presets;
export import :clearing;
export import :guard;
export import :life;
export import :metadata;
export import :packet;
export import :threading;
export import :retention;
export import :handle;
export import :statistics;
export import :policies;
export import :stack;
export import :cache;
export import :slab;
export import :slabs;
export import :core;
export import :places;
export import :pool;
