// pktpool: packet memory for protocol stacks. The partitions in the order of reading: each imports
// only partitions above it.
export module pktpool;

export import :support.error;
export import :support.memory_checker;

export import :sizes.bucket;
export import :sizes.compose;
export import :sizes.fragmentation;
export import :sizes.presets;

export import :policy.member_names;
export import :policy.source;
export import :policy.threading;
export import :policy.retention;
export import :policy.metadata;
export import :policy.options;
export import :policy.policy_set;

export import :packet.layout;
export import :packet.guard;
export import :packet.packet;
export import :packet.lifecycle;

export import :store.idle_stack;
export import :store.slab_core;
export import :store.single_slab;
export import :store.pool_slabs;
export import :store.counters;
export import :store.slab_set;
export import :store.outstanding_list;
export import :store.remote_list;

export import :pool.statistics;
export import :pool.handle;
export import :pool.life;
export import :pool.remote;
export import :pool.give_back;
export import :pool.core;
export import :pool.batch;
export import :pool.core_storage;
export import :pool.slab;
export import :pool.pool;
