module registry-cache/bench/zot

go 1.24.0

require zotregistry.io/zot v1.4.3

// The newest that is to be had from the Go module proxy, which serves it by the name of its repository only.
replace zotregistry.io/zot v1.4.3 => github.com/project-zot/zot v1.4.3
