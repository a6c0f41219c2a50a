/// Tests of the configuration.
