// Prints a stack file as `docker stack config` understands it, as JSON, without a Docker daemon; fails where `docker stack deploy`
// would refuse or ignore something in it.
// Usage: stack-config FILE
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/compose/loader"
	"github.com/docker/cli/cli/compose/schema"
	"github.com/docker/cli/cli/compose/types"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	tree, err := loader.ParseYAML(text)
	if err != nil {
		return err
	}
	config, err := loader.Load(types.ConfigDetails{
		Version:     schema.Version(tree),
		WorkingDir:  filepath.Dir(file),
		ConfigFiles: []types.ConfigFile{{Filename: file, Config: tree}},
		Environment: environment(),
	})
	if err != nil {
		return err
	}
	if ignored := loader.GetUnsupportedProperties(tree); len(ignored) > 0 {
		return errors.New("ignored in a swarm: " + strings.Join(ignored, ", "))
	}
	return json.NewEncoder(os.Stdout).Encode(config)
}

func environment() map[string]string {
	values := map[string]string{}
	for _, each := range os.Environ() {
		name, value, _ := strings.Cut(each, "=")
		values[name] = value
	}
	return values
}
