module registry-cache/bench/tools

go 1.24.0
