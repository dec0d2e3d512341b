// pktpool: packet memory for protocol stacks. Read the partitions in this order.
export module pktpool;

export import :error;
export import :source;
export import :buckets;
export import :packet;
export import :threading;
export import :retention;
export import :policies;
export import :slab;
export import :pool;
