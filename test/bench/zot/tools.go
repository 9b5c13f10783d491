//go:build tools

// Package zot holds the version of zot that the bench compares with.
package zot

import _ "zotregistry.io/zot/cmd/zot"
