// Copies an image from a registry into a folder with containers/image, the library that podman, CRI-O, skopeo and buildah pull with.
// Usage: copy-image CERT_FOLDER USER:PASSWORD IMAGE FOLDER
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/containers/image/v5/copy"
	"github.com/containers/image/v5/directory"
	"github.com/containers/image/v5/docker"
	"github.com/containers/image/v5/signature"
	"github.com/containers/image/v5/types"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(certFolder, login, image, folder string) error {
	username, password, _ := strings.Cut(login, ":")
	source, err := docker.ParseReference("//" + image)
	if err != nil {
		return err
	}
	destination, err := directory.NewReference(folder)
	if err != nil {
		return err
	}
	policy := &signature.Policy{Default: signature.PolicyRequirements{signature.NewPRInsecureAcceptAnything()}}
	policyContext, err := signature.NewPolicyContext(policy)
	if err != nil {
		return err
	}
	_, err = copy.Image(context.Background(), policyContext, destination, source, &copy.Options{
		SourceCtx: &types.SystemContext{
			DockerCertPath:   certFolder,
			DockerAuthConfig: &types.DockerAuthConfig{Username: username, Password: password},
		},
	})
	return err
}
