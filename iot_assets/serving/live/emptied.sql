-- The tail as it was when its publication was new.
delete from memory.live.added;
delete from memory.live.corrected;
delete from memory.live.replaced;
delete from memory.live.newest;
