// A judge that we did not write: Go's sumdb/note and sumdb/tlog, which stand behind Go's own checksum database.
//
// It reads a log as JSON from standard input and prints what it does not accept, one complaint a line.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index int64
	Entry []byte
	Path  []tlog.Hash
}

type consistency struct {
	Old  int64
	Root tlog.Hash
	Path []tlog.Hash
}

type log struct {
	Keys          []string
	Note          string
	Size          int64
	Root          tlog.Hash
	Tiles         map[string][]byte
	Inclusions    []inclusion
	Consistencies []consistency
}

func complain(format string, values ...interface{}) {
	fmt.Printf(format+"\n", values...)
}

// The tiles as the log serves them, by the part of their path behind "tile/".
type served map[string][]byte

func (tiles served) Height() int { return 8 }

func (tiles served) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		path := strings.TrimPrefix(tile.Path(), "tile/8/")
		content, there := tiles[path]
		if !there {
			return nil, fmt.Errorf("no tile %s", path)
		}
		data = append(data, content)
	}
	return data, nil
}

func (tiles served) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	var given log
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		panic(err)
	}
	judgeNote(given)
	tree := tlog.Tree{N: given.Size, Hash: given.Root}
	reader := tlog.TileHashReader(tree, served(given.Tiles))
	for _, one := range given.Inclusions {
		if err := tlog.CheckRecord(one.Path, tree.N, tree.Hash, one.Index, tlog.RecordHash(one.Entry)); err != nil {
			complain("inclusion of %d: %v", one.Index, err)
		}
		made, err := tlog.ProveRecord(tree.N, one.Index, reader)
		if err != nil || fmt.Sprint(made) != fmt.Sprint(tlog.RecordProof(one.Path)) {
			complain("the tiles give another inclusion of %d: %v", one.Index, err)
		}
	}
	for _, one := range given.Consistencies {
		if err := tlog.CheckTree(one.Path, tree.N, tree.Hash, one.Old, one.Root); err != nil {
			complain("consistency with %d: %v", one.Old, err)
		}
		made, err := tlog.ProveTree(tree.N, one.Old, reader)
		if err != nil || fmt.Sprint(made) != fmt.Sprint(tlog.TreeProof(one.Path)) {
			complain("the tiles give another consistency with %d: %v", one.Old, err)
		}
	}
}

// The note's signatures, and that its text is the tree's head. tlog.ParseTree reads only Go's own first line.
func judgeNote(given log) {
	var verifiers []note.Verifier
	for _, line := range given.Keys {
		verifier, err := note.NewVerifier(line)
		if err != nil {
			complain("key %s: %v", line, err)
			continue
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open([]byte(given.Note), note.VerifierList(verifiers...))
	if err != nil {
		complain("note: %v", err)
		return
	}
	if len(opened.Sigs) != len(verifiers) {
		complain("%d signatures verified, of %d", len(opened.Sigs), len(verifiers))
	}
	lines := bytes.Split([]byte(opened.Text), []byte("\n"))
	head := fmt.Sprintf("%d\n%s\n", given.Size, base64.StdEncoding.EncodeToString(given.Root[:]))
	if !bytes.Equal(bytes.Join(lines[1:], []byte("\n")), []byte(head)) {
		complain("the note's text is another tree's: %q", opened.Text)
	}
}
