package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

var sha256Hex = regexp.MustCompile("^[0-9a-f]{64}$")

// mappedFolder holds files that are named by the hex of their SHA-256 digest.
type mappedFolder struct {
	folder string
	files  map[string][]byte
}

func (m *mappedFolder) mapAll() error {
	entries, err := os.ReadDir(m.folder)
	if err != nil {
		return err
	}
	m.files = map[string][]byte{}
	for _, entry := range entries {
		if !sha256Hex.MatchString(entry.Name()) {
			continue
		}
		if m.files[entry.Name()], err = mapFile(filepath.Join(m.folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (m *mappedFolder) find(hex string) ([]byte, error) {
	content, known := m.files[hex]
	if !known {
		return nil, fmt.Errorf("no file %s in %s", hex, m.folder)
	}
	return content, nil
}
