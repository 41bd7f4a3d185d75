"""The models that tell speech from everything else, one file each."""
