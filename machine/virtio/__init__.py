"""virtio: devices that share queues of buffers with their driver, in memory."""
