package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startOrigin serves an image under /v2/a/manifests and /v2/a/blobs, by TLS.
func startOrigin(t *testing.T, image *storedImage) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/a/manifests/latest", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", image.Manifest.MediaType)
		http.ServeFile(w, r, image.Manifest.File)
	})
	for _, blob := range append([]storedBlob{image.Config}, image.Layers...) {
		mux.HandleFunc("/v2/a/blobs/"+blob.Digest, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, blob.File) })
	}
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/v2/a"
}

func makeTestImage(t *testing.T) (*storedImage, string) {
	t.Helper()
	folder := t.TempDir()
	image, err := makeImage(folder, 3, 1_000_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	return image, folder
}

func TestClientsReadWhatIsThere(t *testing.T) {
	image, folder := makeTestImage(t)
	base := startOrigin(t, image)
	layer := image.Layers[0]
	figures := func(name, flags string) any {
		t.Helper()
		result, err := commands[name].run(append(strings.Fields(flags), "--insecure"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return result
	}
	manifest := fmt.Sprintf("--url %s/manifests/latest --expect %s", base, image.Manifest.File)
	blob := fmt.Sprintf("--url %s/blobs/%s --file %s", base, layer.Digest, layer.File)
	asked := figures("requests", manifest+" --connections 2 --seconds 0.3 --warmup 0.05").(*loadFigures)
	if asked.Requests == 0 || asked.Bytes != int64(asked.Requests)*image.Manifest.Size {
		t.Errorf("requests: %+v", asked)
	}
	ranges := figures("ranges", blob+" --size 1000 --connections 2 --seconds 0.3").(*loadFigures)
	if ranges.Requests == 0 || ranges.Bytes != int64(ranges.Requests)*1000 {
		t.Errorf("ranges: %+v", ranges)
	}
	streamed := figures("stream", blob+" --streams 2 --rounds 3").(*streamFigures)
	if streamed.Bytes != 6*layer.Size {
		t.Errorf("stream: %+v", streamed)
	}
	pulled := figures("pull", fmt.Sprintf("--base %s --blobs %s --clients 3 --parallel 2", base, folder)).(*pullFigures)
	if pulled.Bytes != 3*(1_000_000+image.Config.Size+image.Manifest.Size) {
		t.Errorf("pull: %+v", pulled)
	}
}

func TestClientsFailOnAWrongByte(t *testing.T) {
	image, folder := makeTestImage(t)
	base := startOrigin(t, image)
	expected := t.TempDir()
	if err := os.CopyFS(expected, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	layer := image.Layers[2]
	content, err := os.ReadFile(layer.File)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-1] ^= 1
	wrong := filepath.Join(expected, layer.hex())
	if err := os.WriteFile(wrong, content, 0o644); err != nil {
		t.Fatal(err)
	}
	url := base + "/blobs/" + layer.Digest
	for _, arguments := range []string{
		fmt.Sprintf("requests --url %s --expect %s", url, wrong),
		fmt.Sprintf("ranges --url %s --file %s --size %d", url, wrong, layer.Size),
		fmt.Sprintf("stream --url %s --file %s", url, wrong),
		fmt.Sprintf("pull --base %s --blobs %s", base, expected),
	} {
		if err := run(append(strings.Fields(arguments), "--insecure")); err == nil || !strings.Contains(err.Error(), "wrong byte") {
			t.Errorf("%s: got %v", arguments, err)
		}
	}
}

func TestClientsFailOnAnUnexpectedStatus(t *testing.T) {
	image, _ := makeTestImage(t)
	arguments := []string{"requests", "--url", startOrigin(t, image) + "/manifests/other", "--expect", image.Manifest.File, "--insecure"}
	if err := run(arguments); err == nil || !strings.Contains(err.Error(), "unexpected status 404") {
		t.Errorf("got %v", err)
	}
}

func TestClientOpensAnotherConnectionWhereTheServerEndsOne(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.Write([]byte("hello"))
	}))
	defer server.Close()
	target, err := parseTarget(server.URL, newClientFlags("test"), smallBuffers)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := openKept(target)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.close()
	ask := askForDocument(target.get(), []int{200}, []byte("hello"))
	for range 3 {
		if _, err := ask(kept); err != nil {
			t.Fatal(err)
		}
	}
	if kept.reopened != 2 {
		t.Errorf("opened again %d times, expected 2", kept.reopened)
	}
}

func TestImageIsTheSameOfTheSameSeed(t *testing.T) {
	one, _ := makeTestImage(t)
	same, _ := makeTestImage(t)
	if one.Manifest.Digest != same.Manifest.Digest {
		t.Errorf("%s and %s", one.Manifest.Digest, same.Manifest.Digest)
	}
	other, err := makeImage(t.TempDir(), 3, 1_000_000, 2)
	if err != nil {
		t.Fatal(err)
	}
	if one.Manifest.Digest == other.Manifest.Digest {
		t.Error("another seed made the same image")
	}
}
