"""Training: losses, the input pipeline, the loop, its runs, and replicas on several devices."""
