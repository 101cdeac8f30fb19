"""What the server tells about itself: logs and the live task tree. Changes nothing that it looks at."""
