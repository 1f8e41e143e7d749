package bolt

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

func FuzzWalk_NeverPanicsAndEnds(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.db")
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: 1024, NoFreelistSync: true})
	if err != nil {
		f.Fatal(err)
	}
	err = b.Update(func(tx *bbolt.Tx) error {
		kv, err := tx.CreateBucket(bucketKV)
		for i := range 64 {
			if err == nil {
				err = kv.Put([]byte{'k', byte(i)}, make([]byte, 60+i*4))
			}
		}
		return err
	})
	if err != nil || b.Close() != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := look(path, nil); err != nil {
		f.Fatalf("a whole file: %v", err)
	}
	f.Add(uint32(0), []byte(nil), uint32(len(whole)))
	f.Add(uint32(3*1024+8), []byte{1, 0, 255}, uint32(len(whole)))
	f.Add(uint32(2*1024), []byte{9}, uint32(5000))
	f.Fuzz(func(t *testing.T, at uint32, patch []byte, size uint32) {
		b := bytes.Clone(whole)[:min(int(size), len(whole))]
		if len(b) > 0 {
			copy(b[int(at)%len(b):], patch)
			_ = new(walker).walkFile(bytes.NewReader(b), uint64(len(b)))
			_ = new(survey).over(bytes.NewReader(b), uint64(len(b)))
		}
	})
}

func FuzzDecode_TakesOnlyWhatEncodeMade(f *testing.F) {
	f.Add("x/1", uint64(7), int64(99), []byte("v"), uint8(3))
	f.Fuzz(func(t *testing.T, key string, rev uint64, expires int64, val []byte, at uint8) {
		b := head{rev, expires}.append(nil, key, val)
		h, got, err := decode(key, b)
		if err != nil || h.rev != rev || h.expires != expires || !bytes.Equal(got, val) {
			t.Fatalf("%+v %q %v", h, got, err)
		}
		b[int(at)%headSize] ^= 1
		if _, _, err := decode(key, b); err == nil {
			t.Error("a head with a wrong bit is taken")
		}
		_, _, _ = decode(key, val)
	})
}
