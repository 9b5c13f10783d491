package main

// together calls `work` with 0 … count-1 at once. The first error is returned without waiting for the others, which the
// end of the process stops.
func together(count int, work func(index int) error) error {
	ends := make(chan error, count)
	for index := range count {
		go func() { ends <- work(index) }()
	}
	for range count {
		if err := <-ends; err != nil {
			return err
		}
	}
	return nil
}
